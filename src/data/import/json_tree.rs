//! Bars somewhere inside a JSON document: an answer of an exchange, columns side by side, records by date.

use serde_json::{Map, Value};

use super::json::Builder;
use super::names::{is_known, plain, price_word};
use super::text::TextTable;

/// Tables tried as bars.
const TRIED: usize = 8;
/// Places looked at, so that a document of nothing but brackets ends.
const PLACES: usize = 1_000_000;

/// Every table in the document, the longest first; or what is wrong with the document.
pub(super) fn tables(bytes: &[u8]) -> Result<Vec<TextTable>, String> {
    let mut values = Vec::new();
    for value in serde_json::Deserializer::from_slice(bytes).into_iter::<Value>() {
        values.push(value.map_err(|err| err.to_string())?);
    }
    let document = if values.len() == 1 { values.pop().unwrap_or_default() } else { Value::Array(values) };
    let mut search = Search::default();
    search.walk(&document, "");
    search.columns();
    search.found.sort_by_key(|found| {
        let known = found.names().iter().filter(|name| is_known(name)).count();
        let prices = found.names().iter().filter(|name| price_word(&plain(name)).is_some()).count();
        std::cmp::Reverse((found.rows(), known, prices, found.names().len()))
    });
    search.found.truncate(TRIED);
    Ok(search.found.into_iter().map(Builder::finish).collect())
}

#[derive(Default)]
struct Search<'a> {
    found: Vec<Builder>,
    /// Lists of plain values anywhere, under their last name.
    lists: Vec<(&'a str, &'a [Value])>,
    places: usize,
}

impl<'a> Search<'a> {
    fn walk(&mut self, value: &'a Value, name: &'a str) {
        self.places += 1;
        if self.places > PLACES {
            return;
        }
        match value {
            Value::Array(items) => {
                if items.iter().all(is_plain) {
                    self.lists.push((name, items));
                } else if items.iter().all(|item| item.as_array().is_some_and(|cells| cells.iter().all(is_plain))) {
                    self.rows(items);
                } else {
                    self.records(items.iter().map(|item| (None, item)));
                    for item in items {
                        self.walk(item, name);
                    }
                }
            }
            Value::Object(fields) => {
                let known = fields.keys().filter(|key| is_known(key)).count();
                if known >= 4 && fields.values().all(Value::is_object) {
                    self.turned(fields);
                } else if known >= 4 && fields.values().filter(|value| is_plain(value)).count() >= 4 {
                    self.records([(None, value)].into_iter());
                } else {
                    self.records(fields.iter().map(|(key, item)| (Some(key.as_str()), item)));
                }
                fields.iter().for_each(|(key, item)| self.walk(item, key));
            }
            _ => {}
        }
    }

    /// Arrays as rows, under the names of a list beside them if there is one.
    fn rows(&mut self, items: &'a [Value]) {
        let rows = || items.iter().filter_map(Value::as_array);
        let width = rows().map(Vec::len).max().unwrap_or(0);
        if width < 5 {
            return;
        }
        let mut builder = Builder::default();
        let names = self.lists.iter().rev().map(|(_, list)| *list).find(|list| {
            list.len() == width && list.iter().filter(|name| name.as_str().is_some_and(is_known)).count() >= 4
        });
        for row in rows() {
            for (at, cell) in row.iter().enumerate() {
                match names {
                    Some(names) => builder.named_cell(names[at].as_str().unwrap_or_default(), text(cell).as_bytes()),
                    None => builder.cell(at, text(cell).as_bytes()),
                }
            }
            builder.end_row(row.len());
        }
        self.found.push(builder);
    }

    /// Records as rows, each with the key it stands under if there is one.
    fn records(&mut self, items: impl Iterator<Item = (Option<&'a str>, &'a Value)>) {
        let mut builder = Builder::default();
        for (key, item) in items {
            let Value::Object(fields) = item else { continue };
            let cells = |value: &Value| value.as_object().map_or(usize::from(is_plain(value)), Map::len);
            if fields.values().map(cells).sum::<usize>() < 4 {
                continue;
            }
            if let Some(key) = key {
                builder.named_cell("", key.as_bytes());
            }
            fill(&mut builder, fields, "");
            builder.end_row(0);
        }
        if builder.rows() > 0 {
            self.found.push(builder);
        }
    }

    /// One record of values by time for every column: `{"open": {"1502942400000": 1.5, ..}, ..}`.
    fn turned(&mut self, fields: &'a Map<String, Value>) {
        let columns: Vec<(&str, &Map<String, Value>)> =
            fields.iter().filter_map(|(name, column)| Some((name.as_str(), column.as_object()?))).collect();
        let Some((_, first)) = columns.first() else { return };
        let mut builder = Builder::default();
        for key in first.keys() {
            builder.named_cell("", key.as_bytes());
            for (name, column) in &columns {
                builder.named_cell(name, column.get(key).map(text).unwrap_or_default().as_bytes());
            }
            builder.end_row(0);
        }
        self.found.push(builder);
    }

    /// Lists of one length as columns: `{"t": [..], "o": [..], ..}`, also where they stand apart.
    fn columns(&mut self) {
        let Some(length) = self.lists.iter().filter(|(name, _)| is_known(name)).map(|(_, list)| list.len()).max()
        else {
            return;
        };
        let columns: Vec<_> =
            self.lists.iter().filter(|(name, list)| list.len() == length && !name.is_empty()).collect();
        if columns.iter().filter(|(name, _)| is_known(name)).count() < 5 {
            return;
        }
        let mut builder = Builder::default();
        for row in 0..length {
            for (name, list) in &columns {
                builder.named_cell(name, text(&list[row]).as_bytes());
            }
            builder.end_row(0);
        }
        self.found.push(builder);
    }
}

fn fill(builder: &mut Builder, fields: &Map<String, Value>, outer: &str) {
    for (name, value) in fields {
        let name = if outer.is_empty() { name.clone() } else { format!("{outer}.{name}") };
        match value {
            Value::Object(inner) if outer.is_empty() => fill(builder, inner, &name),
            Value::Object(_) | Value::Array(_) => {}
            plain => builder.named_cell(&name, text(plain).as_bytes()),
        }
    }
}

fn is_plain(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and cells, by name: the order within a record depends on how maps are built.
    fn best(json: &str) -> (String, String) {
        let table = tables(json.as_bytes()).unwrap().remove(0);
        let body = String::from_utf8(table.bytes).unwrap();
        let mut order: Vec<usize> = (0..table.dialect.names.len()).collect();
        order.sort_by_key(|&at| &table.dialect.names[at]);
        let row = |line: &str| {
            let cells: Vec<&str> = line.split('\u{1f}').collect();
            order.iter().map(|&at| cells[at]).collect::<Vec<_>>().join("|") + "\n"
        };
        let names: Vec<&str> = order.iter().map(|&at| table.dialect.names[at].as_str()).collect();
        (names.join(","), body.lines().map(row).collect())
    }

    #[test]
    fn tables_are_found_in_every_shape() {
        let (names, body) = best(r#"{"s":"ok","t":[1,2],"o":[3,4],"h":[5,6],"l":[1,1],"c":[2,2],"v":[9,9]}"#);
        assert_eq!((names.as_str(), body.as_str()), ("c,h,l,o,t,v", "2|5|1|3|1|9\n2|6|1|4|2|9\n"));
        let (_, body) =
            best(r#"{"code":"0","data":[["1597026383085","8533.02","8553.74","8527.17","8548.26","45247"]]}"#);
        assert_eq!(body, "1597026383085|8533.02|8553.74|8527.17|8548.26|45247\n");
        let (names, body) =
            best(r#"{"Series":{"2024-01-05":{"1. open":"1","2. high":"2","3. low":"3","4. close":"4"}}}"#);
        assert_eq!((names.as_str(), body.as_str()), (",1. open,2. high,3. low,4. close", "2024-01-05|1|2|3|4\n"));
        let (names, body) = best(r#"{"open":{"0":1},"high":{"0":2},"low":{"0":3},"close":{"0":4}}"#);
        assert_eq!((names.as_str(), body.as_str()), (",close,high,low,open", "0|4|2|3|1\n"));
        let (names, body) =
            best(r#"{"candles":[{"volume":132,"time":"t","mid":{"h":"4","c":"3","l":"1","o":"2"},"x":[1]}]}"#);
        assert_eq!((names.as_str(), body.as_str()), ("mid.c,mid.h,mid.l,mid.o,time,volume", "3|4|1|2|t|132\n"));
        let (names, _) = best(r#"{"columns":["date","open","high","low","close"],"data":[["d",1,2,3,4]]}"#);
        assert_eq!(names, "close,date,high,low,open");
        assert!(tables(b"{\"a\":1}").unwrap().is_empty());
        assert!(tables(b"{\"a\":").is_err());
    }
}
