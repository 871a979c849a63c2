"""What can stop one table's load. Each leaves its watermark where it was."""

from __future__ import annotations

from promptsales.errors import PromptSalesError


class LoadError(PromptSalesError):
    """One table could not be loaded; the text names it and says what to do."""


class WatermarkMovedError(LoadError):
    """Another load committed this table's watermark in the meantime: plan again from where it is now."""


class SourceShapeError(LoadError):
    """The source no longer has the shape its spec declares."""
