"""onnxruntime: a session with its input and output bound."""
import sys

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from works import CLASSES, inference_rows, initial, serve

threads = int(sys.argv[1])


def network(work):
    nodes, weights, at = [], [], "x"
    layers = initial(work)
    for i, (kernel, bias) in enumerate(layers):
        weights += [numpy_helper.from_array(kernel, "w%d" % i), numpy_helper.from_array(bias, "b%d" % i)]
        nodes.append(helper.make_node("Gemm", [at, "w%d" % i, "b%d" % i], ["z%d" % i]))
        kind = {"relu": "Relu", "elu": "Elu"}[work.activation] if i + 1 < len(layers) else "Softmax"
        nodes.append(helper.make_node(kind, ["z%d" % i], ["y%d" % i]))
        at = "y%d" % i
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", work.features])]
    outputs = [helper.make_tensor_value_info(at, TensorProto.FLOAT, ["N", CLASSES])]
    graph = helper.make_graph(nodes, "net", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), at


class Inference:
    steps = 1

    def __init__(self, work, variant):
        model, output = network(work)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        self.session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        self.binding = self.session.io_binding()
        self.x = onnxruntime.OrtValue.ortvalue_from_numpy(inference_rows(work))
        self.binding.bind_ortvalue_input("x", self.x)
        self.binding.bind_output(output)

    def call(self):
        self.session.run_with_iobinding(self.binding)

    def result(self):
        return (self.binding.copy_outputs_to_cpu()[0] @ numpy.arange(CLASSES)).mean()


serve(
    {"library": "onnxruntime " + onnxruntime.__version__},
    {"train": [], "inference": [{"how": "session", "precision": "float32"}]},
    Inference,
)
