//! The container of a pattern index on disk (`docs/model-formats.md`, section 8), checked whole before any of it is used.

use std::fs::{File, rename};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::VectorError;
use crate::index::{Attributes, PatternIndex};
use crate::limits::{DIMENSION_MAX, PATTERNS_MAX, TABLES_MAX};

const MAGIC: &[u8; 8] = b"AIMDSPX1";
const CHECKSUM_BYTES: usize = 4;
/// Longest header: the caller's notes are a few hundred bytes.
const HEADER_BYTES_MAX: usize = 1 << 20;
/// Largest file: the most patterns of the most dimensions would be more, but nobody could load it.
const FILE_BYTES_MAX: u64 = 8 << 30;
const ATTRIBUTE_BYTES: usize = 4;

#[derive(Serialize, Deserialize)]
struct Header {
    version: u32,
    dimension: usize,
    slots: usize,
    fingerprint: u32,
    graph_bytes: usize,
    notes: String,
}

impl PatternIndex {
    /// The index as bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, VectorError> {
        let graph = self.graph_bytes()?;
        let header = Header {
            version: 1,
            dimension: self.dimension(),
            slots: self.keys.len(),
            fingerprint: self.fingerprint,
            graph_bytes: graph.len(),
            notes: self.notes.clone(),
        };
        let header = serde_json::to_vec(&header).map_err(|error| VectorError::invalid(error.to_string()))?;
        let mut bytes =
            Vec::with_capacity(header.len() + self.keys.len() * 12 + self.vectors.len() + graph.len() + 64);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&(header.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&header);
        bytes.extend(self.keys.iter().flat_map(|key| key.to_le_bytes()));
        for attributes in &self.attributes {
            let Attributes {
                category,
                status,
                severity,
                source,
            } = *attributes;
            bytes.extend_from_slice(&[category, status, severity, source]);
        }
        bytes.extend(self.vectors.iter().map(|value| value.cast_unsigned()));
        bytes.extend_from_slice(&graph);
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        Ok(bytes)
    }

    /// Reads what [`Self::to_bytes`] wrote. A damaged file is told by its checksum before anything else looks at it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VectorError> {
        let bad = |reason: &str| VectorError::corrupt("pattern index", reason);
        let (body, checksum) = bytes
            .split_last_chunk::<CHECKSUM_BYTES>()
            .ok_or_else(|| bad("the file is too short"))?;
        let mut rest = body;
        if take(&mut rest, MAGIC.len()) != Some(MAGIC) {
            return Err(bad("not a pattern index of version 1"));
        }
        if crc32fast::hash(body) != u32::from_le_bytes(*checksum) {
            return Err(bad("the checksum does not fit: the file is damaged or cut short"));
        }
        let length = take_array::<4>(&mut rest).map_or(0, u32::from_le_bytes) as usize;
        let header =
            take(&mut rest, length.min(HEADER_BYTES_MAX)).ok_or_else(|| bad("the header is cut short"))?;
        let header: Header =
            serde_json::from_slice(header).map_err(|error| bad(&format!("header: {error}")))?;
        let shape_fits =
            (1..=DIMENSION_MAX * TABLES_MAX).contains(&header.dimension) && header.slots <= 2 * PATTERNS_MAX;
        if header.version != 1 || !shape_fits {
            return Err(bad("the version or the shape is out of range"));
        }
        let keys =
            take(&mut rest, header.slots * size_of::<u64>()).ok_or_else(|| bad("keys are cut short"))?;
        let attributes =
            take(&mut rest, header.slots * ATTRIBUTE_BYTES).ok_or_else(|| bad("attributes are cut short"))?;
        let vectors =
            take(&mut rest, header.slots * header.dimension).ok_or_else(|| bad("vectors are cut short"))?;
        if rest.len() != header.graph_bytes {
            return Err(bad("the graph has another length than the header says"));
        }
        let (keys, _) = keys.as_chunks::<8>();
        let (attributes, _) = attributes.as_chunks::<ATTRIBUTE_BYTES>();
        let rows: Vec<(u64, Attributes)> = keys
            .iter()
            .zip(attributes)
            .map(|(key, &[category, status, severity, source])| {
                let attributes = Attributes {
                    category,
                    status,
                    severity,
                    source,
                };
                (u64::from_le_bytes(*key), attributes)
            })
            .collect();
        if rows
            .iter()
            .any(|(_, attributes)| attributes.category >= 64 || attributes.status >= 8)
        {
            return Err(bad("a category or status is out of range"));
        }
        let vectors: Vec<i8> = vectors.iter().map(|byte| byte.cast_signed()).collect();
        Self::from_parts(
            header.dimension,
            header.fingerprint,
            header.notes,
            rows,
            &vectors,
            rest,
        )
    }

    /// Writes the index so that a crash at any instant leaves either the old file or the new one.
    pub fn save(&self, path: &Path) -> Result<(), VectorError> {
        let bytes = self.to_bytes()?;
        write_atomically(path, &bytes).map_err(|error| storage(path, &error))
    }

    /// Reads an index file.
    pub fn load(path: &Path) -> Result<Self, VectorError> {
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(|error| storage(path, &error))?;
        let read = file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes);
        read.map_err(|error| storage(path, &error))?;
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(VectorError::corrupt(
                path.display().to_string(),
                "the file is too large",
            ));
        }
        Self::from_bytes(&bytes).map_err(|error| match error {
            VectorError::Corrupt { place, reason } => {
                VectorError::corrupt(path.display().to_string(), format!("{place}: {reason}"))
            }
            other => other,
        })
    }
}

fn write_atomically(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    rename(&temporary, path)?;
    // The rename itself is durable only once the directory is.
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

fn take<'bytes>(rest: &mut &'bytes [u8], length: usize) -> Option<&'bytes [u8]> {
    let (head, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(head)
}

fn take_array<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    take(rest, N).and_then(|bytes| bytes.try_into().ok())
}

fn storage(path: &Path, error: &std::io::Error) -> VectorError {
    VectorError::Storage {
        place: path.display().to_string(),
        reason: error.to_string(),
    }
}
