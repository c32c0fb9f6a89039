"""The parts that every endpoint needs: parameters, cursors, problems, and their description."""
