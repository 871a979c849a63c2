"""PromptSales: the data backbone of a marketing and sales platform."""
