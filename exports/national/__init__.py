"""National schemas: our published rows in their words, judged by their rules, none of the wrong ones let out."""
