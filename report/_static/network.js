"use strict";
// A Keras network in plain JavaScript: the operations that fkp_utils/course/browser_model.py has written, one after the
// other.  An array is flat; its numbers are in the order of rows, columns, channels, as in Keras.

const FILTERS = 4; // that a convolution computes together, of two neighbouring places

// What is computed of the inputs' arrays `x`, each of them of an operation in `from`, into the array `out` of `o`.
const OPERATIONS = {
  input() {},

  reshape(o, from, [x], out) {
    out.set(x);
  },

  scale(o, from, [x], out) {
    for (let i = 0, k = 0; i < out.length; k++) {
      for (const end = i + o.share; i < end; i++) out[i] = x[i] * o.scale[k] + o.offset[k];
    }
  },

  relu(o, from, [x], out) {
    for (let i = 0; i < out.length; i++) out[i] = x[i] > 0 ? x[i] : 0;
  },

  sum(o, from, inputs, out) {
    out.set(inputs[0]);
    for (const x of inputs.slice(1)) for (let i = 0; i < out.length; i++) out[i] += x[i];
  },

  // Row by row of the result: what each of its places sees is laid out as one patch; the patches of a row times the
  // kernel are a product of two matrices.
  convolution(o, [from], [x], out) {
    const [rows, columns, filters] = o.shape;
    for (let row = 0; row < rows; row++) {
      patches(o, from.shape, x, row, columns);
      product(o.patches, o.kernel, o.bias, columns, filters, out, row * columns * filters);
    }
  },

  // The mean of those places of a window that lie inside.
  pooling(o, [from], [x], out) {
    const [height, width, channels] = from.shape, [rows, columns] = o.shape;
    for (let row = 0, to = 0; row < rows; row++) {
      const top = row * o.stride[0] - o.before[0];
      const first = Math.max(0, top), end = Math.min(height, top + o.side[0]);
      for (let column = 0; column < columns; column++, to += channels) {
        const left = column * o.stride[1] - o.before[1];
        const start = Math.max(0, left), stop = Math.min(width, left + o.side[1]);
        for (let c = 0; c < channels; c++) {
          let total = 0;
          for (let y = first; y < end; y++) {
            for (let z = start; z < stop; z++) total += x[(y * width + z) * channels + c];
          }
          out[to + c] = total / ((end - first) * (stop - start));
        }
      }
    }
  },

  // Each place repeated.
  larger(o, [from], [x], out) {
    const [rows, columns, channels] = o.shape, width = from.shape[1];
    for (let row = 0, to = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, to += channels) {
        const at = (Math.floor(row / o.times[0]) * width + Math.floor(column / o.times[1])) * channels;
        for (let c = 0; c < channels; c++) out[to + c] = x[at + c];
      }
    }
  },

  cropping(o, [from], [x], out) {
    const [rows, columns, channels] = o.shape, width = from.shape[1];
    for (let row = 0; row < rows; row++) {
      const at = ((row + o.before[0]) * width + o.before[1]) * channels;
      out.set(x.subarray(at, at + columns * channels), row * columns * channels);
    }
  },

  // Of places and maps: the places of each map become weights that add up to 1.
  softmax(o, from, [x], out) {
    const [places, maps] = o.shape;
    for (let map = 0; map < maps; map++) {
      let highest = -Infinity, total = 0;
      for (let i = map; i < out.length; i += maps) highest = Math.max(highest, x[i]);
      for (let i = map; i < out.length; i += maps) total += out[i] = Math.exp(x[i] - highest);
      for (let place = 0; place < places; place++) out[place * maps + map] /= total;
    }
  },

  mean(o, [from], [x], out) {
    const maps = out.length, places = from.shape[0];
    out.fill(0);
    for (let i = 0; i < x.length; i++) out[i % maps] += x[i] / places;
  },

  concatenation(o, from, inputs, out) {
    const channels = o.shape.at(-1);
    let before = 0;
    inputs.forEach((x, number) => {
      const own = from[number].shape.at(-1);
      for (let i = 0; i < x.length; i++) out[Math.floor(i / own) * channels + before + (i % own)] = x[i];
      before += own;
    });
  },

  transposition(o, from, [x], out) {
    const [rows, columns] = o.shape;
    for (let i = 0; i < out.length; i++) out[i] = x[(i % columns) * rows + Math.floor(i / columns)];
  },
};

// What the places of one row of a convolution see: a patch for each column, zero where it lies outside.
function patches(o, [height, width, channels], x, row, columns) {
  const [sideY, sideX] = o.side, run = sideX * channels;
  const top = row * o.stride[0] - o.before[0];
  for (let column = 0, to = 0; column < columns; column++) {
    const left = column * o.stride[1] - o.before[1];
    const start = Math.max(0, -left), stop = Math.min(sideX, width - left); // columns of the kernel that lie inside
    for (let y = top; y < top + sideY; y++, to += run) {
      if (y < 0 || y >= height || start >= stop) {
        o.patches.fill(0, to, to + run);
        continue;
      }
      o.patches.fill(0, to, to + start * channels);
      for (let i = start * channels, at = (y * width + left) * channels; i < stop * channels; i++) {
        o.patches[to + i] = x[at + i];
      }
      o.patches.fill(0, to + stop * channels, to + run);
    }
  }
}

// Patches times the kernel, plus the bias, into `out` from `first` on.  The kernel lies in blocks of FILTERS filters.
// Of two patches and one block, the eight sums stay in registers while the arrays are read in their order.
function product(patches, kernel, bias, columns, filters, out, first) {
  const length = kernel.length / bias.length;
  for (let f = 0; f < filters; f += FILTERS) {
    for (let column = 0; column < columns; column += 2) {
      let a0 = bias[f], a1 = bias[f + 1], a2 = bias[f + 2], a3 = bias[f + 3];
      let b0 = a0, b1 = a1, b2 = a2, b3 = a3;
      let k = f * length;
      for (let i = column * length, j = i + length, end = j; i < end; i++, j++, k += FILTERS) {
        const a = patches[i], b = patches[j];
        const k0 = kernel[k], k1 = kernel[k + 1], k2 = kernel[k + 2], k3 = kernel[k + 3];
        a0 += a * k0; a1 += a * k1; a2 += a * k2; a3 += a * k3;
        b0 += b * k0; b1 += b * k1; b2 += b * k2; b3 += b * k3;
      }
      const sums = [[a0, a1, a2, a3], [b0, b1, b2, b3]];
      for (let n = 0; n < 2 && column + n < columns; n++) {
        const to = first + (column + n) * filters + f;
        for (let i = 0; i < FILTERS && f + i < filters; i++) out[to + i] = sums[n][i];
      }
    }
  }
}

class KeypointNetwork {
  // described: operations and weights as `browser_model.describe` has them.
  constructor(described) {
    const bytes = atob(described.weights), levels = new Uint8Array(bytes.length);
    for (let i = 0; i < bytes.length; i++) levels[i] = bytes.charCodeAt(i);
    const weights = new Float32Array(levels.buffer);
    this.operations = described.operations.map((each) => {
      const o = { ...each, out: new Float64Array(each.shape.reduce((a, b) => a * b, 1)) };
      for (const name of ["scale", "offset", "kernel", "bias"]) {
        if (each[name]) o[name] = Float64Array.from(weights.subarray(...each[name]));
      }
      return o.kind === "convolution" ? inBlocks(o) : o;
    });
  }

  // The points, x and y after one another in px, of an image's grey levels (0 to 255), row by row.
  predict(levels) {
    this.operations[0].out.set(levels);
    for (const o of this.operations) {
      const from = o.inputs.map((number) => this.operations[number]);
      OPERATIONS[o.kind](o, from, from.map((each) => each.out), o.out);
    }
    return this.operations.at(-1).out.slice();
  }
}

// The convolution with its kernel (places × filters) in blocks of FILTERS, filled up with zeros, and room for the
// patches of one row, of an even number.
function inBlocks(o) {
  const [, columns, filters] = o.shape, length = o.kernel.length / filters;
  const filled = Math.ceil(filters / FILTERS) * FILTERS;
  const kernel = new Float64Array(filled * length), bias = new Float64Array(filled);
  bias.set(o.bias);
  for (let i = 0; i < o.kernel.length; i++) {
    const place = Math.floor(i / filters), f = i % filters;
    kernel[(f - (f % FILTERS)) * length + place * FILTERS + (f % FILTERS)] = o.kernel[i];
  }
  return { ...o, kernel, bias, patches: new Float64Array(2 * Math.ceil(columns / 2) * length) };
}
