"""The image library: embedding what images show, keeping the vector index true to MongoDB, and searching it."""
