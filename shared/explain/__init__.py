"""What a trained network has learned: one method a file, one verb for all, one adapter a domain."""
