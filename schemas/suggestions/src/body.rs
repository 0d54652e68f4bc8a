//! The body of a file in its bytes.

use kaiku_wire::{Day, Week};
use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;
use crate::suggestions::{Feature, Pair, Suggestions};

#[derive(Serialize, Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    app: &'a str,
    week: i32,
    expires: i32,
    #[serde(borrow)]
    features: Vec<(&'a str, bool)>,
    /// For each feature: how far on the other one stands from the last, and the root of the score.
    rows: Vec<Vec<(u16, u8)>>,
}

impl Suggestions {
    pub(crate) fn body(&self) -> Option<Vec<u8>> {
        let mut rows = vec![Vec::new(); self.features.len()];
        let mut last = (u16::MAX, 0);
        for pair in &self.pairs {
            let before = if last.0 == pair.a { last.1 } else { pair.a };
            rows[usize::from(pair.a)].push((pair.b - before, pair.root));
            last = (pair.a, pair.b);
        }
        let features = self.features.iter();
        let body = Body {
            app: &self.app,
            week: self.week.monday().days_since_epoch(),
            expires: self.expires.days_since_epoch(),
            features: features.map(|one| (&*one.name, one.is_offered)).collect(),
            rows,
        };
        postcard::to_stdvec(&body).ok()
    }

    pub(crate) fn of_body(bytes: &[u8]) -> Result<Suggestions, Refusal> {
        let (body, rest) =
            postcard::take_from_bytes::<Body<'_>>(bytes).map_err(|_| Refusal::Malformed)?;
        let day = |days| Day::from_days_since_epoch(days).map_err(|_| Refusal::Malformed);
        let mut pairs = Vec::new();
        for (a, row) in body.rows.iter().enumerate() {
            let a = u16::try_from(a).map_err(|_| Refusal::Malformed)?;
            let mut b = a;
            for (step, root) in row {
                b = b.checked_add(*step).ok_or(Refusal::Malformed)?;
                pairs.push(Pair { a, b, root: *root });
            }
        }
        if !rest.is_empty() || body.rows.len() != body.features.len() {
            return Err(Refusal::Malformed);
        }
        let features = body.features.iter();
        let read = Suggestions {
            app: body.app.to_owned(),
            week: Week::from_monday(day(body.week)?).map_err(|_| Refusal::Malformed)?,
            expires: day(body.expires)?,
            features: features
                .map(|(name, is_offered)| Feature {
                    name: (*name).to_owned(),
                    is_offered: *is_offered,
                })
                .collect(),
            pairs,
        };
        read.checked().map_err(|_| Refusal::Malformed)
    }
}
