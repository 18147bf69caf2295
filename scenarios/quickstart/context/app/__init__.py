"""The tide service: when is there water enough over the bar?"""
