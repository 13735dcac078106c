"""For files that stay shut: how each framework writes one that opens, in two lines of its own code."""

import re
from dataclasses import dataclass

_SEEN = 2**20  # bytes of a file that are searched for a framework's name


@dataclass(frozen=True)
class Road:
    """framework: and what of it, as the screen says it. code: two lines. gives: the file to open afterwards.

    sign: what such a file's name, a line end, and its first bytes have in them, as a pattern; "" for a general road.
    """

    framework: str
    code: str
    gives: str
    sign: str = ""


_ONNX = 'torch.onnx.export(network.eval(), (torch.rand(1, 3, 224, 224),), "model.onnx", external_data=False)'
ROADS = (
    Road(
        "PyTorch, an architecture of torchvision or timm",
        'network = torch.load("whole.pt", weights_only=False)  # your own file, where its classes can be imported\n'
        'torch.save(network.state_dict(), "weights.pt")',
        "weights.pt",
    ),
    Road(
        "PyTorch, any network of your own",
        f"network.load_state_dict(weights)  # the one that you trained; below stands the size of its input\n{_ONNX}",
        "model.onnx",
    ),
    Road(
        "TorchScript (also a MONAI bundle's model.ts)",
        f'network = torch.jit.load("model.ts")\n{_ONNX}',
        "model.onnx",
        r"\.ts\n|/code/__torch__",
    ),
    Road(
        "torch.export (.pt2)",
        f'network = torch.export.load("model.pt2").module()\n{_ONNX.replace("network.eval()", "network")}',
        "model.onnx",
        r"\.pt2\n|serialized_exported_program|archive_format",
    ),
    Road(
        "fastai, from learn.export",
        'learn = load_learner("export.pkl")\ntorch.save(learn.model.state_dict(), "weights.pth")',
        "weights.pth",
        r"fastai[.\n]",
    ),
    Road(
        "Lightning, a checkpoint with objects in its hyper_parameters",
        'network = YourModule.load_from_checkpoint("last.ckpt")\ntorch.save(network.state_dict(), "weights.pt")',
        "weights.pt",
        r"pytorch-lightning_version",
    ),
    Road(
        "ultralytics (YOLO classifiers)",
        'from ultralytics import YOLO\nYOLO("best.pt").export(format="onnx")',
        "best.onnx",
        r"ultralytics[.\n]",
    ),
    Road(
        "skorch, a pickled net",
        'net = pickle.load(open("net.pkl", "rb"))\nnet.save_params(f_params="weights.pt")',
        "weights.pt",
        r"skorch[.\n]",
    ),
    Road(
        "Keras",
        'model = keras.models.load_model("model.keras")\nmodel.export("model.onnx", format="onnx")',
        "model.onnx",
        r"\.(keras|h5|hdf5)\n|keras_version",
    ),
    Road(
        "TensorFlow, a SavedModel folder or .pb",
        "pip install tf2onnx\npython -m tf2onnx.convert --saved-model folder --output model.onnx",
        "model.onnx",
        r"\.pb\n|saved_model_schema",
    ),
    Road(
        "TensorFlow Lite",
        "pip install tf2onnx\npython -m tf2onnx.convert --tflite model.tflite --output model.onnx",
        "model.onnx",
        r"\.tflite\n|^.*\n....TFL3",
    ),
    Road(
        "JAX (Flax, Haiku), with tensorflow and tf2onnx installed",
        "call = tf.function(jax2tf.convert(predict, enable_xla=False), [tf.TensorSpec((1, 224, 224, 3))])\n"
        'tf2onnx.convert.from_function(call, call.input_signature, output_path="model.onnx")',
        "model.onnx",
        r"\.msgpack\n|flax[.\n]|jaxlib",
    ),
    Road(
        "PaddlePaddle",
        "pip install paddle2onnx\n"
        "paddle2onnx --model_dir . --model_filename net.pdmodel --params_filename net.pdiparams --save_file model.onnx",
        "model.onnx",
        r"\.(pdparams|pdmodel|pdiparams)\n",
    ),
    Road(
        "MATLAB, Deep Learning Toolbox",
        'load("net.mat", "net")\nexportONNXNetwork(net, "model.onnx")',
        "model.onnx",
        r"\.mat\n|MATLAB \d",
    ),
)


def roads_for(name: str, data: bytes) -> tuple[Road, ...]:
    """The roads of the frameworks that a file's name and first bytes tell, else the general ones of PyTorch.

    Nothing of the file is read but as text.
    """
    text = f"{name}\n{data[:_SEEN].decode('latin-1')}"
    told = tuple(road for road in ROADS if road.sign and re.search(road.sign, text))
    return told or tuple(road for road in ROADS if not road.sign)
