"""How Tinylytics is served to an assistant over the Model Context Protocol."""
