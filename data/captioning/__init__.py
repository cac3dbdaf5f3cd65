"""The grammar of captions: tables of words, the facts that choose among them, the sentences."""
