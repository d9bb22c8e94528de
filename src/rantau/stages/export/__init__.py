"""What leaves the house: the bundle, the merged model, and the proof that both say the same."""
