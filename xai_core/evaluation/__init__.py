"""Evidence about the evidence: does a map point at what the network used, and can it be trusted for one picture?"""
