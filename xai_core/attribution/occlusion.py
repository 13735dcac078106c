"""Occlusion: how far the score drops when a window of the picture is painted over (Zeiler & Fergus 2014, section 4.2)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import batched, product

import torch
from torch import Tensor

from xai_core.attribution.baseline import BASELINES, Baseline, baseline
from xai_core.attribution.method import INPUT, Method, Progress, Question, setting
from xai_core.trace.capture import trace
from xai_core.trace.target import target_scores
