//! A section while it is made: rows are added one by one, and turned into columns at the end.

use crate::model::{Cell, Chart, Column, Group, Kind, NotPublished, Section, Tile};

/// A section that is being made.
pub(crate) struct Draft {
    section: Section,
    rows: Vec<Vec<Cell>>,
}

impl Draft {
    /// One without columns.
    pub(crate) fn new(id: &'static str, group: Group, title: &str, table: Option<&str>) -> Draft {
        Draft {
            section: Section {
                id,
                group,
                title: title.to_owned(),
                sentence: String::new(),
                table: table.map(str::to_owned),
                empty: None,
                withheld: Vec::new(),
                columns: Vec::new(),
                data: Vec::new(),
                charts: Vec::new(),
                tile: None,
                quote: None,
            },
            rows: Vec::new(),
        }
    }

    /// Adds a column.
    pub(crate) fn column(mut self, name: &str, title: &str, kind: Kind) -> Draft {
        self.section.columns.push(Column {
            name: name.to_owned(),
            title: title.to_owned(),
            kind,
            is_aside: false,
        });
        self
    }

    /// Adds a column that the page's table leaves out.
    pub(crate) fn aside(mut self, name: &str, title: &str, kind: Kind) -> Draft {
        self = self.column(name, title, kind);
        if let Some(column) = self.section.columns.last_mut() {
            column.is_aside = true;
        }
        self
    }

    /// Says what may be quoted.
    pub(crate) fn quote(mut self, quote: String) -> Draft {
        self.section.quote = Some(quote);
        self
    }

    /// Adds the three columns of a number with its interval: `…_estimate`, `…_lower`, `…_upper`.
    pub(crate) fn counted(self, name: &str, title: &str) -> Draft {
        self.column(&format!("{name}_estimate"), title, Kind::Count)
            .column(
                &format!("{name}_lower"),
                &format!("{title}, at least"),
                Kind::Count,
            )
            .column(
                &format!("{name}_upper"),
                &format!("{title}, at most"),
                Kind::Count,
            )
    }

    /// Adds the three columns of a rate with its interval: the name alone, `…_lower`, `…_upper`.
    pub(crate) fn rated(self, name: &str, title: &str) -> Draft {
        self.column(name, title, Kind::Rate)
            .column(
                &format!("{name}_lower"),
                &format!("{title}, at least"),
                Kind::Rate,
            )
            .column(
                &format!("{name}_upper"),
                &format!("{title}, at most"),
                Kind::Rate,
            )
    }

    /// Says what it shows.
    pub(crate) fn sentence(mut self, sentence: impl Into<String>) -> Draft {
        self.section.sentence = sentence.into();
        self
    }

    /// Says which periods are missing, and why.
    pub(crate) fn withheld(mut self, withheld: Vec<NotPublished>) -> Draft {
        self.section.withheld = withheld;
        self
    }

    /// Adds a chart.
    pub(crate) fn chart(mut self, chart: Chart) -> Draft {
        self.section.charts.push(chart);
        self
    }

    /// Adds a row, which has a cell for each column.
    pub(crate) fn row(&mut self, row: impl IntoIterator<Item = Cell>) {
        let row: Vec<Cell> = row.into_iter().collect();
        debug_assert_eq!(row.len(), self.section.columns.len(), "{}", self.section.id);
        self.rows.push(row);
    }

    /// Sorts the rows by a column, the highest first; what is not shown comes last.
    pub(crate) fn sort_by(&mut self, column: &str) {
        let Some(position) = self.position(column) else {
            return;
        };
        let key = |row: &Vec<Cell>| match row.get(position) {
            Some(Cell::Count(count)) => *count as f64,
            Some(Cell::Rate(rate)) => *rate,
            _ => f64::NEG_INFINITY,
        };
        self.rows.sort_by(|a, b| key(b).total_cmp(&key(a)));
    }

    /// Keeps the first rows alone.
    pub(crate) fn keep(&mut self, rows: usize) {
        self.rows.truncate(rows);
    }

    /// The rows so far.
    pub(crate) fn rows(&self) -> &[Vec<Cell>] {
        &self.rows
    }

    /// A cell of a row.
    pub(crate) fn cell(&self, row: &[Cell], column: &str) -> Option<Cell> {
        row.get(self.position(column)?).cloned()
    }

    fn position(&self, column: &str) -> Option<usize> {
        self.section
            .columns
            .iter()
            .position(|one| one.name == column)
    }

    /// The section without data, and why.
    pub(crate) fn empty(mut self, why: impl Into<String>) -> Section {
        self.section.empty = Some(why.into());
        self.section.charts.clear();
        self.section.data = vec![Vec::new(); self.section.columns.len()];
        self.section
    }

    /// The section, with its tile; empty for this reason where it has no row.
    pub(crate) fn done(mut self, tile: Option<Tile>, or_empty: &str) -> Section {
        if self.rows.is_empty() {
            return self.empty(or_empty);
        }
        let mut data = vec![Vec::with_capacity(self.rows.len()); self.section.columns.len()];
        for row in self.rows {
            for (column, cell) in data.iter_mut().zip(row) {
                column.push(cell);
            }
        }
        self.section.data = data;
        self.section.tile = tile;
        self.section
    }
}
