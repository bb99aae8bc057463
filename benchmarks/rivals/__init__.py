"""What the gateway is compared with: the same two calls per event, made by a plain plugin and by general task queues."""
