"""Our own Streamlit components: each a folder with its Python side and its JavaScript."""
