"""What the panel pushes: its webhooks and its programmable ones, whether they are genuine, and what they say."""
