"""Training on one GPU: random weights of the published shapes through rantau's train stage; no hub, no text."""
