//! A network as an ONNX graph of standard operators:
//! `frames [T, R, D]`, `h`, `c` `[L, R, H]` → `prediction`, `h_out`, `c_out`.
//! One that is conditioned has a further input, `conditions [T, R, C]`.

use super::messages::{
    AttributeProto, Dimension, DimensionProto, GraphProto, NodeProto, TensorProto,
    TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};
use crate::model::{Architecture, Head};

/// The graph without its weights.
pub fn graph(architecture: &Architecture) -> GraphProto {
    let mut graph = GraphProto {
        name: "antiphon".to_owned(),
        input: inputs(architecture),
        output: outputs(architecture),
        ..GraphProto::default()
    };
    let states = States::new(architecture.layers);
    states.push_split(&mut graph);
    if architecture.conditions > 0 {
        let (parts, last) = (["frames", "conditions"], [int("axis", -1)]);
        push(&mut graph, "Concat", &parts, rows_name(architecture), &last);
    }
    let top = push_layers(&mut graph, architecture, &states);
    states.push_concat(&mut graph);
    push_head(&mut graph, architecture, &top);
    push_output(&mut graph, architecture);
    graph
}

fn inputs(architecture: &Architecture) -> Vec<ValueInfoProto> {
    let frames = [param("T"), rows_of(architecture), size(architecture.inputs)];
    let mut inputs = vec![
        value_info("frames", &frames),
        state(architecture, "h"),
        state(architecture, "c"),
    ];
    if architecture.conditions > 0 {
        let conditions = [
            param("T"),
            rows_of(architecture),
            size(architecture.conditions),
        ];
        inputs.push(value_info("conditions", &conditions));
    }
    inputs
}

/// What the rows that the layers see are called.
fn rows_name(architecture: &Architecture) -> &'static str {
    match architecture.conditions {
        0 => "frames",
        _ => "frames_and_conditions",
    }
}

fn outputs(architecture: &Architecture) -> Vec<ValueInfoProto> {
    let rows = match architecture.head {
        Head::Dense { .. } => param("R"),
        Head::Transpose { .. } => size(1),
    };
    let prediction = [param("T"), rows, size(architecture.width())];
    vec![
        value_info("prediction", &prediction),
        state(architecture, "h_out"),
        state(architecture, "c_out"),
    ]
}

/// The outputs or the cell states of all layers.
fn state(architecture: &Architecture, name: &str) -> ValueInfoProto {
    let (layers, units) = (size(architecture.layers), size(architecture.units));
    value_info(name, &[layers, rows_of(architecture), units])
}

/// What the layers' states are called: the graph has those of all layers in one.
struct States {
    h: Vec<String>,
    c: Vec<String>,
    h_out: Vec<String>,
    c_out: Vec<String>,
}

impl States {
    fn new(layers: usize) -> States {
        let each = |name: &str| match layers {
            1 => vec![name.to_owned()],
            _ => (0..layers).map(|layer| format!("{name}.{layer}")).collect(),
        };
        States {
            h: each("h"),
            c: each("c"),
            h_out: each("h_out"),
            c_out: each("c_out"),
        }
    }

    /// One layer's state is that of all layers already.
    fn are_parts(&self) -> bool {
        self.h.len() > 1
    }

    fn push_split(&self, graph: &mut GraphProto) {
        if !self.are_parts() {
            return;
        }
        let one_each = vec![1; self.h.len()];
        let one_each = int64_tensor("one_layer_each", &one_each);
        graph.initializer.push(one_each);
        for (whole, parts) in [("h", &self.h), ("c", &self.c)] {
            let inputs = [whole, "one_layer_each"];
            let split = node("Split", &inputs, &as_strs(parts), &[int("axis", 0)]);
            graph.node.push(split);
        }
    }

    fn push_concat(&self, graph: &mut GraphProto) {
        if !self.are_parts() {
            return;
        }
        for (parts, whole) in [(&self.h_out, "h_out"), (&self.c_out, "c_out")] {
            let concat = node("Concat", &as_strs(parts), &[whole], &[int("axis", 0)]);
            graph.node.push(concat);
        }
    }
}

/// Adds the layers; the name of what the highest one hands upwards.
fn push_layers(graph: &mut GraphProto, architecture: &Architecture, states: &States) -> String {
    let directions = int64_tensor("directions_axis", &[1]);
    graph.initializer.push(directions);
    let mut below = rows_name(architecture).to_owned();
    for layer in 0..architecture.layers {
        let name = |what: &str| format!("lstm.{layer}.{what}");
        let (y, outputs) = (name("y"), name("outputs"));
        let (h, c) = (&states.h[layer], &states.c[layer]);
        let (input, recurrent, bias) = (name("input"), name("recurrent"), name("bias"));
        graph.node.push(node(
            "LSTM",
            &[&below, &input, &recurrent, &bias, "", h, c],
            &[&y, &states.h_out[layer], &states.c_out[layer]],
            &[int("hidden_size", architecture.units as i64)],
        ));
        push(graph, "Squeeze", &[&y, "directions_axis"], &outputs, &[]);
        below = if architecture.is_residual(layer) {
            let sum = name("residual");
            push(graph, "Add", &[&outputs, &below], &sum, &[]);
            sum
        } else {
            outputs
        };
    }
    below
}

/// Adds the head, up to the sums of its products and its bias.
fn push_head(graph: &mut GraphProto, architecture: &Architecture, outputs: &str) {
    let mut push = |op, inputs: &[&str], output: &str, attributes: &[AttributeProto]| {
        push(graph, op, inputs, output, attributes);
    };
    match architecture.head {
        Head::Dense { skip, .. } => {
            let mut outputs = outputs;
            if skip || architecture.conditions > 0 {
                let beside = match skip {
                    true => rows_name(architecture),
                    false => "conditions",
                };
                let both = [outputs, beside];
                push("Concat", &both, "head.inputs", &[int("axis", -1)]);
                outputs = "head.inputs";
            }
            push("MatMul", &[outputs, "head.weight"], "head.product", &[]);
            push("Add", &["head.product", "head.bias"], "head.sum", &[]);
        }
        Head::Transpose { .. } => {
            let (by_unit, by_row) = ("head.unit_product", "head.product");
            push("MatMul", &[outputs, "head.unit_weight"], by_unit, &[]);
            push("Add", &[by_unit, "head.unit_bias"], "head.column", &[]);
            let transposed = [ints("perm", &[0, 2, 1])];
            push("Transpose", &["head.column"], "head.row", &transposed);
            push("MatMul", &["head.row", "head.row_weight"], by_row, &[]);
            push("Add", &[by_row, "head.row_bias"], "head.sum", &[]);
        }
    }
}

/// Adds what makes predictions of the head's sums: some or all go through a tanh.
fn push_output(graph: &mut GraphProto, architecture: &Architecture) {
    let squashed = architecture.output.squashed(architecture.outputs());
    let parameters = architecture.width() - squashed;
    if parameters == 0 {
        return push(graph, "Tanh", &["head.sum"], "prediction", &[]);
    }
    if squashed == 0 {
        return push(graph, "Identity", &["head.sum"], "prediction", &[]);
    }
    let last = [int("axis", -1)];
    let sizes = [squashed as i64, parameters as i64];
    let sizes = int64_tensor("values_and_parameters", &sizes);
    graph.initializer.push(sizes);
    let parts = ["head.values", "head.parameters"];
    let split = node(
        "Split",
        &["head.sum", "values_and_parameters"],
        &parts,
        &last,
    );
    graph.node.push(split);
    push(graph, "Tanh", &["head.values"], "head.squashed", &[]);
    let parts = ["head.squashed", "head.parameters"];
    push(graph, "Concat", &parts, "prediction", &last);
}

/// Adds an operator with one output.
fn push(
    graph: &mut GraphProto,
    op_type: &str,
    inputs: &[&str],
    output: &str,
    attributes: &[AttributeProto],
) {
    graph
        .node
        .push(node(op_type, inputs, &[output], attributes));
}

/// The transpose head is made for one number of rows; otherwise any number does.
fn rows_of(architecture: &Architecture) -> Dimension {
    match architecture.head {
        Head::Dense { .. } => param("R"),
        Head::Transpose { rows } => size(rows),
    }
}

fn node(
    op_type: &str,
    inputs: &[&str],
    outputs: &[&str],
    attributes: &[AttributeProto],
) -> NodeProto {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    NodeProto {
        input: owned(inputs),
        output: owned(outputs),
        name: format!("{op_type}:{}", outputs[0]),
        op_type: op_type.to_owned(),
        attribute: attributes.to_vec(),
    }
}

fn as_strs(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        i,
        r#type: AttributeProto::INT,
        ..AttributeProto::default()
    }
}

fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        ints: ints.to_vec(),
        r#type: AttributeProto::INTS,
        ..AttributeProto::default()
    }
}

fn int64_tensor(name: &str, values: &[i64]) -> TensorProto {
    TensorProto {
        dims: vec![values.len() as i64],
        data_type: TensorProto::INT64,
        name: name.to_owned(),
        raw_data: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        ..TensorProto::default()
    }
}

fn size(n: usize) -> Dimension {
    Dimension::Value(n as i64)
}

fn param(name: &str) -> Dimension {
    Dimension::Param(name.to_owned())
}

fn value_info(name: &str, shape: &[Dimension]) -> ValueInfoProto {
    let dim = |dimension: &Dimension| DimensionProto {
        dimension: Some(dimension.clone()),
    };
    ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(TypeProto {
            tensor_type: Some(TensorTypeProto {
                elem_type: TensorProto::FLOAT,
                shape: Some(TensorShapeProto {
                    dim: shape.iter().map(dim).collect(),
                }),
            }),
        }),
    }
}
