"""Keep a document, or say why not; then mix the sources by tokens. Open stage.py first."""
