//! Schemas leave room for keys to come. What is told today must be explained today.

use serde_json::Value;

/// The same schema with no room in it.
pub fn strict(mut schema: Value) -> Value {
    shut(&mut schema);
    schema
}

fn shut(schema: &mut Value) {
    match schema {
        Value::Object(keys) => {
            // What is open to any key says so by the shape of their values.
            let open =
                keys.get("additionalProperties").is_some_and(|more| *more != Value::Bool(true));
            if keys.contains_key("properties") && !open {
                keys.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
            keys.values_mut().for_each(shut);
        }
        Value::Array(all) => all.iter_mut().for_each(shut),
        _ => {}
    }
}
