"""This machine, and the processes the lab starts on it: CPU, memory, open files."""
