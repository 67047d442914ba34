//! Whatever a provider does, an answer ends in a defined state with a plain sentence, and its actor is gone.
