"""check_onnx.py MODEL.onnx CASE.json: is the file a valid ONNX model, and does
onnxruntime predict from it what antiphon predicts?

CASE.json holds frames, h, c, conditions where there are any, and antiphon's prediction, h_out and c_out, each
as a shape and flat values. Prints the largest difference.
"""

import json
import sys

import numpy as np
import onnx
import onnxruntime

model_path, case_path = sys.argv[1:]
onnx.checker.check_model(onnx.load(model_path), full_check=True)

with open(case_path) as file:
    case = {
        name: np.array(array["values"], np.float32).reshape(array["shape"])
        for name, array in json.load(file).items()
    }
session = onnxruntime.InferenceSession(model_path, providers=["CPUExecutionProvider"])
outputs = ["prediction", "h_out", "c_out"]
results = session.run(outputs, {input.name: case[input.name] for input in session.get_inputs()})
for name, result in zip(outputs, results):
    assert result.shape == case[name].shape, (name, result.shape, case[name].shape)
print(max(float(np.abs(result - case[name]).max()) for name, result in zip(outputs, results)))
