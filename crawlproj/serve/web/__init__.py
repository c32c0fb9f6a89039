"""What every endpoint needs: parameters, cursors, problems, and the description of them all."""
