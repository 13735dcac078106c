"""The Streamlit code that the pages share; maths lives in xai_core, screens in pages."""
