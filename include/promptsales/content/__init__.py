"""PromptContent: images and their search, campaign copy, and calls to outside services."""
