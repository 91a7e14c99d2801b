//! UTF-8 checked as it arrives. Knows characters that are split, and keeps no text.

/// A check over text that comes in pieces. It fails at the first octet that can't be of any text.
#[derive(Debug, Default)]
pub(super) struct Utf8Check {
    /// The octets of a character that is not complete.
    begun: [u8; 3],
    begun_len: u8,
}

/// Octets that no UTF-8 text has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotUtf8;

impl Utf8Check {
    /// Checks the next piece.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), NotUtf8> {
        let rest = if self.begun_len == 0 {
            piece
        } else {
            self.complete(piece)?
        };
        let Err(error) = std::str::from_utf8(rest) else {
            return Ok(());
        };
        if error.error_len().is_some() {
            return Err(NotUtf8);
        }
        let begun = &rest[error.valid_up_to()..];
        self.begun[..begun.len()].copy_from_slice(begun);
        self.begun_len = begun.len() as u8;
        Ok(())
    }

    /// Whether the text so far ends with a whole character.
    pub(super) fn is_whole(&self) -> bool {
        self.begun_len == 0
    }

    /// Goes on with the begun character, octet by octet; gives what follows it.
    fn complete<'p>(&mut self, piece: &'p [u8]) -> Result<&'p [u8], NotUtf8> {
        let len = usize::from(self.begun_len);
        let mut character = [0; 4];
        character[..len].copy_from_slice(&self.begun[..len]);
        // At most three more: then it is a character, or no text.
        for (taken, &octet) in piece.iter().enumerate() {
            let end = len + taken + 1;
            character[end - 1] = octet;
            match std::str::from_utf8(&character[..end]) {
                Ok(_) => {
                    self.begun_len = 0;
                    return Ok(&piece[taken + 1..]);
                }
                Err(error) if error.error_len().is_some() => return Err(NotUtf8),
                Err(_) => {
                    self.begun[..end].copy_from_slice(&character[..end]);
                    self.begun_len = end as u8;
                }
            }
        }
        Ok(&[])
    }
}
