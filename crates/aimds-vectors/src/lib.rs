//! Vector kernels: tokenizer, static embedding, classifier head, nearest-neighbour index.
