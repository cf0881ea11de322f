"""What holds for every test."""

import os

# No test speaks to a real model, nor does any program a test starts.
os.environ["PILOTHOUSE_NO_REAL_MODEL"] = "1"
