"""The parts of the Maps page around the maps."""
