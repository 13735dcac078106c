"""Evidence about the evidence: how far two maps agree."""
