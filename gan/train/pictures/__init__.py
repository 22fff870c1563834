"""Pictures in: where they come from, the store of decoded pictures, batches."""
