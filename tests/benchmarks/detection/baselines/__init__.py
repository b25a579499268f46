"""Methods that stand beside the product. Each module states its source and its formula."""
