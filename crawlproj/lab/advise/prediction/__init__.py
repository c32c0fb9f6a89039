"""Predicts pages/s from samples by a queueing model, and chooses a load. Pure."""
