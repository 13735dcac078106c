"""What several pages show or ask: controls, the viewer and other components, the trust card, cautions."""
