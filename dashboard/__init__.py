"""The Streamlit code that the pages share; maths lives in xai_core, screens in pages.

import dashboard
dashboard.serve(model, images="pictures/", class_names=["cat", "dog"])
"""

from dashboard.server.serving import serve

__all__ = ["serve"]
