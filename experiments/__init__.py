"""The experiments of the study: each file here is one table or figure of it."""
