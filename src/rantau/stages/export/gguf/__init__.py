"""A merged model as GGUF files for llama.cpp and Ollama: weights, tokenizer, proof, Modelfile."""
