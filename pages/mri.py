"""A slice of a head: four diagnoses side by side, how far to trust them, and a report to take along."""

from functools import partial

import streamlit as st

from dashboard.core.failures import in_words
from dashboard.mri import (
    cases,
    diagnoses,
    export,
    gate,
    large_map,
    map_recipe_control,
    opinion,
    scan_choice,
    series,
    similar,
    slices,
    three_planes,
    truth,
)
from dashboard.mri.page_frame import bare, drawing_controls, heading, mark, with_map
from dashboard.mri.reading import read
from dashboard.mri.report import Seen
from dashboard.mri.scan import letters_of, slice_of, truth_of
from dashboard.mri.trust_card import mri_card
from dashboard.mri.uploading import refusal
from dashboard.shared import cautions

line = heading()
with in_words(), st.spinner("Opening the scan …", show_time=True), st.sidebar:
    scan = scan_choice.choose_scan()
    plane = slices.plane_control(scan)
    window = slices.window_control(scan)
    blind = opinion.switch()
    recipe = map_recipe_control.map_recipe()
    waiting = blind and opinion.noted(scan) is None
    scan_choice.facts(scan, answered=not waiting)

known = partial(series.known, scan, recipe=recipe)
mark(line, scan)
refusal()
first = st.container()
left, right = st.columns(2, gap="medium")
at = slices.place_now(scan, plane)
with in_words():
    shown, letters = slice_of(scan, at, window), letters_of(scan, at.plane)
if waiting:
    with left:
        bare(scan, at, shown, blind=True)
        three_planes.show(scan, at, shown.window, known, None)
    with right:
        opinion.ask(scan)
    st.stop()
with first, in_words():
    series.read_lesion(scan, at, recipe)
with in_words(), st.spinner("Reading the slice …", show_time=True):
    cases.read_cases(scan, recipe, known(at.plane))
    reading = read(slice_of(scan, at), recipe)
found = gate.gate(scan, shown, reading)
opinion.answer_shown(scan)
with right:
    cautions.show(found)
    answered = gate.may_answer(scan, found)
    chosen = large_map.chosen_class(scan, at, reading, answered=answered)
    fact = truth_of(scan, at, shown.size)
    diagnoses.headline(reading, at, found)
    opinion.beside(opinion.noted(scan), diagnoses.answer_of(reading, at) if answered else None)
    if answered:
        truth.verdict(reading, at, fact)
        truth.against_outline(reading, chosen, fact)
        diagnoses.side_by_side(shown, reading, chosen, partial(large_map.choose, scan, at))
        large_map.follow_control(scan, at)
        diagnoses.numbers(reading)
with left:
    if answered:
        with_map(scan, at, shown, reading, known(at.plane), chosen)
    else:
        bare(scan, at, shown, blind=False)
    three_planes.show(scan, at, shown.window, known, chosen if answered else None)
    if answered:
        drawing_controls()
        st.caption(diagnoses.recipe(reading, chosen))
strip = first if series.comes_first(scan) else st.container()
trust_place = st.container()
if answered:
    near, take = st.columns([3, 2], gap="large")
    with near:
        similar.show(shown, reading)
else:
    take = st.container()
with take:
    note = opinion.note_control(scan)
    about, told, facts = scan_choice.source_in_words(scan), opinion.noted(scan), scan_choice.technical_facts(scan)
    seen = Seen(shown, at, reading, letters, found, about, told, note, opinion.now(), facts, fact)
    export.show(scan, seen, known(at.plane), chosen if answered else None)
with strip:
    if scan.truths:
        cases.show(scan, known(at.plane))
    else:
        series.show(scan, at, recipe, chosen)
if answered:
    with trust_place:
        mri_card(slice_of(scan, at), shown, reading, chosen)
