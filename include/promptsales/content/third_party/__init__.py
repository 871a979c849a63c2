"""Calls to outside REST services, driven by the documents of `servicios_terceros`."""
