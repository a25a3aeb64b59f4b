"""PyTorch: eager, with the optimizer's fused form, and compiled; in float32 and under autocast to bfloat16."""
import sys

import torch

from works import CLASSES, RATE, Case, batches, inference_rows, initial, load, serve

threads, folder = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(threads)
ACTIVATIONS = {"relu": torch.nn.ReLU, "elu": torch.nn.ELU}


def network(work):
    layers = []
    for kernel, bias in initial(work):
        linear = torch.nn.Linear(*kernel.shape)
        linear.weight.data = torch.from_numpy(kernel.T.copy())
        linear.bias.data = torch.from_numpy(bias)
        layers += [linear, ACTIVATIONS[work.activation]()]
    return torch.nn.Sequential(*layers[:-1])


class Training:
    steps = 1

    def __init__(self, case, variant):
        how, kind = variant["how"], variant["precision"]
        pixels, labels, order = load(case, folder)
        self.pixels, self.labels = torch.from_numpy(pixels.copy()), torch.from_numpy(labels.astype("int64"))
        self.order = [torch.from_numpy(b) for b in batches(case, order)]
        self.at = 0
        self.model = network(case)
        fused = None if how == "eager" else True
        self.optimizer = (
            torch.optim.SGD(self.model.parameters(), lr=RATE, momentum=0.9, fused=fused)
            if case.optimizer == "momentum"
            else torch.optim.Adam(self.model.parameters(), lr=RATE, eps=1e-7, fused=fused)
        )
        loss = torch.nn.CrossEntropyLoss()

        def forward_backward(x, y):
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=kind == "bfloat16"):
                value = loss(self.model(x), y)
            value.backward()

        self.forward_backward = torch.compile(forward_backward) if how == "compiled" else forward_backward

    def call(self):
        indices = self.order[self.at]
        self.at = (self.at + 1) % len(self.order)
        x = self.pixels[indices].to(torch.float32).mul_(1 / 255)
        y = self.labels[indices]
        self.optimizer.zero_grad(set_to_none=True)
        self.forward_backward(x, y)
        self.optimizer.step()

    def result(self):
        with torch.inference_mode():
            x = self.pixels[:256].to(torch.float32).mul_(1 / 255)
            return torch.nn.functional.cross_entropy(self.model(x), self.labels[:256])


class Inference:
    steps = 1

    def __init__(self, work, variant):
        model = torch.nn.Sequential(*network(work), torch.nn.Softmax(1)).eval()
        self.model = torch.compile(model) if variant["how"] == "compiled" else model
        self.kind = variant["precision"]
        self.x = torch.from_numpy(inference_rows(work))

    def call(self):
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.kind == "bfloat16"):
            self.y = self.model(self.x)

    def result(self):
        return (self.y.float() @ torch.arange(CLASSES, dtype=torch.float32)).mean()


serve(
    {"library": "PyTorch " + torch.__version__.split("+")[0]},
    {
        "train": [{"how": how, "precision": p} for p in ("float32", "bfloat16") for how in ("eager", "fused", "compiled")],
        "inference": [{"how": how, "precision": "float32"} for how in ("eager", "compiled")],
    },
    lambda work, variant: (Training if isinstance(work, Case) else Inference)(work, variant),
)
