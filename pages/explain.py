"""Where does the model look? One picture, one class, any layer, any method."""

from dashboard import computing, explain_view, question, state
from dashboard.failures import in_words

asked = question.ask(with_method=True)
state.write_link()

explain_view.headline(asked.traced.prediction, asked.class_index)
with in_words():
    result = computing.explanation(asked.traced, state.selection(), asked.class_index, asked.layer)
shown = computing.shown_layer(result, asked.layer)
explain_view.heat_map(asked.image, result, shown)
explain_view.how_to_read(result, shown)
explain_view.layer_gallery(asked.image, result, asked.layers, asked.layer)
explain_view.what_the_model_saw(asked.traced)
