"""The verbs in three sections: producing, working, operating. ``gopher.py`` joins them."""
