"""The star schema `dw`: what it is made of, and how it follows the mirrors."""
