"""What every domain uses: blocks, networks as data, training, run folders. It knows no domain."""
