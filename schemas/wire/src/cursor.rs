//! Avro's values out of bytes, one after the other, for readers that are written out by hand: in the form that
//! every library writes. What has another form is not read.

use std::str;

/// What was not read yet of a datum. Each call reads a value of the type that it names; `None` where there is
/// none, and then nothing that follows means anything.
#[derive(Clone, Debug)]
pub struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    /// At the beginning of a datum.
    pub fn new(datum: &'a [u8]) -> Cursor<'a> {
        Cursor(datum)
    }

    /// Whether everything was read.
    pub fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// Avro's `int` and `long`: seven bits a byte, the lowest first, then zigzag. At the ninth byte it is
    /// a number that no batch has.
    pub fn long(&mut self) -> Option<i64> {
        let mut number = 0_u64;
        for shift in (0..56).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed());
            }
        }
        None
    }

    /// Avro's `int`.
    pub fn int(&mut self) -> Option<i32> {
        self.long()?.try_into().ok()
    }

    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    /// Avro's `string`.
    pub fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.long()?).ok()?;
        str::from_utf8(self.bytes(length)?).ok()
    }

    /// Avro's `fixed`.
    pub fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    /// Avro's `boolean`.
    pub fn boolean(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// Avro's `enum`, of these symbols.
    pub fn symbol<T: Copy>(&mut self, symbols: &[T]) -> Option<T> {
        let number = usize::try_from(self.long()?).ok()?;
        symbols.get(number).copied()
    }

    /// Avro's union of `null` and something else.
    pub fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Cursor<'a>) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.byte()? {
            0 => Some(None),
            2 => read(self).map(Some),
            _ => None,
        }
    }

    /// Avro's `array` in one block, without its length in bytes, of `most` items; an item takes `least_bytes`, so
    /// that no more memory is reserved than the datum could fill.
    pub fn array<T>(
        &mut self,
        most: usize,
        least_bytes: usize,
        read: impl Fn(&mut Cursor<'a>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let count = self.count(most, least_bytes)?;
        if count == 0 {
            return Some(Vec::new());
        }
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(read(self)?);
        }
        self.end().map(|()| items)
    }

    /// The head of an array as [`Cursor::array`] reads it: how many items follow, and, where there are any, then
    /// [`Cursor::end`].
    pub fn count(&mut self, most: usize, least_bytes: usize) -> Option<usize> {
        let count = usize::try_from(self.long()?).ok()?;
        let fits = count <= most && count.saturating_mul(least_bytes) <= self.0.len();
        fits.then_some(count)
    }

    /// The end of an array.
    pub fn end(&mut self) -> Option<()> {
        (self.byte()? == 0).then_some(())
    }
}
