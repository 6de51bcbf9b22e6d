//! A network as an ONNX graph of standard operators:
//! `frames [T, R, D]`, `h`, `c` `[L, R, H]` → `prediction`, `h_out`, `c_out`.

use super::messages::{
    AttributeProto, Dimension, DimensionProto, GraphProto, NodeProto, TensorProto,
    TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};
use crate::model::{Architecture, Head};

/// The graph without its weights.
pub fn graph(architecture: &Architecture) -> GraphProto {
    let mut graph = GraphProto {
        name: "antiphon".to_owned(),
        ..GraphProto::default()
    };
    let layers = architecture.layers;
    let (mut h_outs, mut c_outs) = (vec!["h_out".to_owned()], vec!["c_out".to_owned()]);
    let (mut hs, mut cs) = (vec!["h".to_owned()], vec!["c".to_owned()]);
    if layers > 1 {
        let each = |prefix: &str| -> Vec<String> {
            (0..layers).map(|l| format!("{prefix}.{l}")).collect()
        };
        (hs, cs, h_outs, c_outs) = (each("h"), each("c"), each("h_out"), each("c_out"));
        graph
            .initializer
            .push(int64_tensor("one_layer_each", &vec![1; layers]));
        for (whole, parts) in [("h", &hs), ("c", &cs)] {
            let split = node(
                "Split",
                &[whole, "one_layer_each"],
                &as_strs(parts),
                &[int("axis", 0)],
            );
            graph.node.push(split);
        }
    }
    graph
        .initializer
        .push(int64_tensor("directions_axis", &[1]));

    let mut below = "frames".to_owned();
    for layer in 0..layers {
        let name = |what: &str| format!("lstm.{layer}.{what}");
        let (y, outputs) = (name("y"), name("outputs"));
        graph.node.push(node(
            "LSTM",
            &[
                &below,
                &name("input"),
                &name("recurrent"),
                &name("bias"),
                "",
                &hs[layer],
                &cs[layer],
            ],
            &[&y, &h_outs[layer], &c_outs[layer]],
            &[int("hidden_size", architecture.units as i64)],
        ));
        graph
            .node
            .push(node("Squeeze", &[&y, "directions_axis"], &[&outputs], &[]));
        below = if architecture.is_residual(layer) {
            let sum = name("residual");
            graph
                .node
                .push(node("Add", &[&outputs, &below], &[&sum], &[]));
            sum
        } else {
            outputs
        };
    }
    if layers > 1 {
        for (parts, whole) in [(&h_outs, "h_out"), (&c_outs, "c_out")] {
            let concat = node("Concat", &as_strs(parts), &[whole], &[int("axis", 0)]);
            graph.node.push(concat);
        }
    }
    push_head(&mut graph, architecture, &below);

    let state = |name| {
        value_info(
            name,
            &[
                size(layers),
                rows_of(architecture),
                size(architecture.units),
            ],
        )
    };
    let frames = [param("T"), rows_of(architecture), size(architecture.inputs)];
    graph.input = vec![value_info("frames", &frames), state("h"), state("c")];
    let prediction = match architecture.head {
        Head::Dense { .. } => [param("T"), param("R"), size(architecture.width())],
        Head::Transpose { .. } => [param("T"), size(1), size(architecture.width())],
    };
    graph.output = vec![
        value_info("prediction", &prediction),
        state("h_out"),
        state("c_out"),
    ];
    graph
}

fn push_head(graph: &mut GraphProto, architecture: &Architecture, outputs: &str) {
    let mut push = |op, inputs: &[&str], output: &str, attributes: &[AttributeProto]| {
        graph.node.push(node(op, inputs, &[output], attributes));
    };
    match architecture.head {
        Head::Dense { skip, .. } => {
            let mut outputs = outputs;
            if skip {
                let both = [outputs, "frames"];
                push("Concat", &both, "head.inputs", &[int("axis", -1)]);
                outputs = "head.inputs";
            }
            push("MatMul", &[outputs, "head.weight"], "head.product", &[]);
            push("Add", &["head.product", "head.bias"], "head.sum", &[]);
        }
        Head::Transpose { .. } => {
            push(
                "MatMul",
                &[outputs, "head.unit_weight"],
                "head.unit_product",
                &[],
            );
            push(
                "Add",
                &["head.unit_product", "head.unit_bias"],
                "head.column",
                &[],
            );
            push(
                "Transpose",
                &["head.column"],
                "head.row",
                &[ints("perm", &[0, 2, 1])],
            );
            push(
                "MatMul",
                &["head.row", "head.row_weight"],
                "head.product",
                &[],
            );
            push("Add", &["head.product", "head.row_bias"], "head.sum", &[]);
        }
    }
    let squashed = architecture.output.squashed(architecture.outputs());
    let parameters = architecture.width() - squashed;
    if parameters == 0 {
        push("Tanh", &["head.sum"], "prediction", &[]);
    } else if squashed == 0 {
        push("Identity", &["head.sum"], "prediction", &[]);
    } else {
        graph.node.push(node(
            "Split",
            &["head.sum", "values_and_parameters"],
            &["head.values", "head.parameters"],
            &[int("axis", -1)],
        ));
        graph
            .node
            .push(node("Tanh", &["head.values"], &["head.squashed"], &[]));
        graph.node.push(node(
            "Concat",
            &["head.squashed", "head.parameters"],
            &["prediction"],
            &[int("axis", -1)],
        ));
        let sizes = int64_tensor(
            "values_and_parameters",
            &[squashed as i64, parameters as i64],
        );
        graph.initializer.push(sizes);
    }
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
