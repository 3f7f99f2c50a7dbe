"""The tests of Inlet, one folder per layer."""
