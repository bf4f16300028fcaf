"use strict";
// The page "Try it": a square of a picture or of the webcam, cut out as the network knows faces, and the points in it.
(() => {
  const model = window.FKP_MODEL;
  const element = (name) => document.getElementById(`try-${name}`);
  const stage = element("stage"), square = element("square"), marks = element("marks");
  const status = element("status"), follow = element("follow"), tenViews = element("views"), size = element("size");
  if (!model) {
    const sentence = document.createElement("p");
    sentence.textContent =
      "This report was built without the model: `make model` makes it, and the next `make report` puts it here.";
    document.getElementById("try-it").replaceChildren(sentence);
    return;
  }

  const network = new KeypointNetwork(model);
  const [HEIGHT, WIDTH] = model.size;
  const LARGEST = 2048; // px of a picture's longer side: canvases have limits; a larger picture is made smaller
  const photo = element("photo"), pixels = photo.getContext("2d", { willReadFrequently: true });
  let box = { left: 0, top: 0, side: 1 }; // in px of the photo, of whole numbers
  let scale = 1; // px of the file for each px of the photo
  let points = []; // where they are shown, in px of the photo, with the names of `set`
  let set = model.sets[0];
  let turn = 0; // of the last answer that was begun: an older one stops
  let stream = null; // the webcam's
  let grip = null; // where the square is held while it is dragged

  // ---- what the network sees ------------------------------------------------------------------------------------

  // The grey levels of a square of the photo, as Pillow's "L" has them; black where it lies outside.
  function grey({ left, top, side }) {
    const colours = pixels.getImageData(left, top, side, side).data, levels = new Uint8Array(side * side);
    for (let i = 0, c = 0; i < levels.length; i++, c += 4) {
      levels[i] = (colours[c] * 19595 + colours[c + 1] * 38470 + colours[c + 2] * 7471 + 32768) >> 16;
    }
    return levels;
  }

  // For each of `to` pixels the first of `from` pixels that it shows, and the weights of those: Pillow's BILINEAR, a
  // triangle as wide as the pixels of the result, in whole numbers of 22 bits.
  function weights(from, to) {
    const ratio = from / to, reach = Math.max(1, ratio);
    return Array.from({ length: to }, (_, number) => {
      const middle = (number + 0.5) * ratio;
      const first = Math.max(0, Math.trunc(middle - reach + 0.5));
      const end = Math.min(from, Math.trunc(middle + reach + 0.5));
      const shares = Array.from({ length: end - first }, (_, i) =>
        Math.max(0, 1 - Math.abs((i + first - middle + 0.5) / reach)));
      const total = shares.reduce((a, b) => a + b);
      return { first, shares: shares.map((share) => Math.trunc(0.5 + (share / total) * 2 ** 22)) };
    });
  }

  // Levels of `rows` rows, with each row's pixels resampled, and the result transposed.
  function resampled(levels, rows, from, to) {
    const found = new Uint8Array(rows * to);
    weights(from, to).forEach(({ first, shares }, column) => {
      for (let row = 0; row < rows; row++) {
        let total = 2 ** 21;
        for (let i = 0, at = row * from + first; i < shares.length; i++) total += levels[at + i] * shares[i];
        found[column * rows + row] = total / 2 ** 22;
      }
    });
    return found;
  }

  // As `Faces.crop` cuts a face out: first the rows, then the columns.
  function crop(place) {
    return resampled(resampled(grey(place), place.side, place.side, WIDTH), WIDTH, place.side, HEIGHT);
  }

  // The levels moved by whole pixels, then mirrored; what comes in repeats the border.
  function view(levels, [right, down], flip) {
    const clip = (value, length) => Math.min(length - 1, Math.max(0, value)), found = new Uint8Array(levels.length);
    for (let row = 0; row < HEIGHT; row++) {
      for (let column = 0; column < WIDTH; column++) {
        const x = clip((flip ? WIDTH - 1 - column : column) - right, WIDTH);
        found[row * WIDTH + column] = levels[clip(row - down, HEIGHT) * WIDTH + x];
      }
    }
    return found;
  }

  // The points (x, y) of a set, each the mean of some outputs of the network.
  function pointsOf(outputs, set) {
    const mean = (places, axis) => places.reduce((sum, place) => sum + outputs[2 * place + axis], 0) / places.length;
    return set.outputs.map((places) => [mean(places, 0), mean(places, 1)]);
  }

  const ONE = [[[0, 0], false]];
  const BOTH = [[[0, 0], false], [[0, 0], true]];
  const ALL = model.shifts.flatMap((shift) => [[shift, false], [shift, true]]);

  // The mean points of views of a square, in px of the photo, for each set of the model; null if a later answer has
  // begun.  Between two views the browser may draw.
  async function see(place, views, mine) {
    const levels = crop(place);
    const totals = model.sets.map((set) => set.names.map(() => [0, 0]));
    const start = performance.now();
    let computed = 0;
    for (const [shift, flip] of views) {
      if (views.length > 2) await new Promise((done) => setTimeout(done));
      if (mine !== turn) return null;
      const before = performance.now();
      const outputs = network.predict(view(levels, shift, flip));
      computed += performance.now() - before;
      model.sets.forEach((set, number) => {
        const found = pointsOf(outputs, set);
        found.forEach((_, k) => {
          const [x, y] = flip ? [WIDTH - 1 - found[set.mirror[k]][0], found[set.mirror[k]][1]] : found[k];
          totals[number][k][0] += (x - shift[0]) / views.length;
          totals[number][k][1] += (y - shift[1]) / views.length;
        });
      });
    }
    const inPhoto = ([x, y]) => [
      ((x + 0.5) * place.side) / WIDTH + place.left - 0.5, ((y + 0.5) * place.side) / HEIGHT + place.top - 0.5];
    const sets = totals.map((points) => points.map(inPhoto));
    return { levels, sets, each: computed / views.length, all: performance.now() - start };
  }

  // The square in which points of KAGGLE_15 lie as `predict` has them for a set; null if that is nowhere.
  function around(points, asked) {
    const [x, y] = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
    const squares = points.reduce((sum, point) => sum + (point[0] - x) ** 2 + (point[1] - y) ** 2, 0);
    const side = Math.max(8, Math.round(Math.sqrt(squares / points.length) / asked.radius));
    if (x < 0 || y < 0 || x >= photo.width || y >= photo.height || side > 2 * Math.max(photo.width, photo.height)) {
      return null;
    }
    return {
      left: Math.round(x + 0.5 - model.middle[0] * side), top: Math.round(y + 0.5 - model.middle[1] * side), side };
  }

  // ---- what the page shows --------------------------------------------------------------------------------------

  const shorter = () => Math.min(photo.width, photo.height);

  function inTheMiddle(share) {
    const side = Math.max(8, Math.round(share * shorter()));
    return { left: Math.round((photo.width - side) / 2), top: Math.round((photo.height - side) / 2), side };
  }

  function showSquare() {
    const places = { x: box.left, y: box.top, width: box.side, height: box.side };
    for (const [name, value] of Object.entries(places)) square.setAttribute(name, value);
    size.value = (100 * box.side) / shorter();
  }

  function showAnswer(seen) {
    points = seen.sets[model.sets.indexOf(set)];
    const circles = element("points");
    while (circles.childElementCount > points.length) circles.lastChild.remove();
    while (circles.childElementCount < points.length) {
      circles.append(document.createElementNS("http://www.w3.org/2000/svg", "circle"));
    }
    [...circles.children].forEach((circle, k) => {
      circle.setAttribute("cx", points[k][0] + 0.5);
      circle.setAttribute("cy", points[k][1] + 0.5);
      circle.setAttribute("r", box.side / (points.length > 15 ? 150 : 90));
      circle.setAttribute("aria-label", set.names[k]);
    });
    const image = new ImageData(WIDTH, HEIGHT);
    seen.levels.forEach((level, i) => image.data.set([level, level, level, 255], 4 * i));
    element("crop").getContext("2d").putImageData(image, 0, 0);
  }

  function showNothing() {
    points = [];
    element("points").replaceChildren();
  }

  // The photo's size, and the square in its middle.
  function begin(width, height, mirrored) {
    [photo.width, photo.height] = [width, height];
    marks.setAttribute("viewBox", `0 0 ${width} ${height}`);
    stage.style.aspectRatio = `${width} / ${height}`;
    stage.style.width = `min(100%, ${(60 * width) / height}vh)`;
    stage.classList.toggle("mirrored", mirrored);
    showNothing();
    box = inTheMiddle(width === WIDTH && height === HEIGHT ? 1 : 0.7);
    showSquare();
  }

  // ---- a picture ------------------------------------------------------------------------------------------------

  // Shows a file, or an image of the page, and answers.
  async function open(file, name) {
    stop();
    const mine = ++turn;
    stage.ariaBusy = "true";
    let picture;
    try {
      picture = await createImageBitmap(file, { imageOrientation: "from-image", colorSpaceConversion: "none" });
    } catch {
      status.textContent = `${name} is no picture that this browser reads; JPEG, PNG and WebP are.`;
      stage.ariaBusy = "false";
      return;
    }
    if (mine !== turn) return;
    scale = Math.max(1, Math.max(picture.width, picture.height) / LARGEST);
    begin(Math.round(picture.width / scale), Math.round(picture.height / scale), false);
    pixels.imageSmoothingQuality = "high";
    pixels.drawImage(picture, 0, 0, photo.width, photo.height);
    follow.checked = photo.width !== WIDTH || photo.height !== HEIGHT; // else it is a crop already
    await answer();
  }

  // The points in the square; first the square is corrected twice by them, as `prediction.in_photo` corrects a box.
  async function answer() {
    if (stream) return;
    const mine = ++turn;
    stage.ariaBusy = "true";
    status.textContent = "";
    let place = box;
    for (let n = 0; n < 2 && follow.checked && place; n++) {
      const seen = await see(place, BOTH, mine);
      if (!seen) return;
      place = around(seen.sets[0], n ? set : model.sets[0]);
    }
    if (place) box = place;
    else status.textContent = "The points lead away from the picture: is there a face in the square?";
    const seen = await see(box, tenViews.checked ? ALL : ONE, mine);
    if (!seen) return;
    showSquare();
    showAnswer(seen);
    const views = tenViews.checked ? `, ${seen.all.toFixed(0)} ms for ${ALL.length} views` : "";
    element("times").textContent = `${seen.each.toFixed(1)} ms a view${views}`;
    stage.ariaBusy = "false";
  }

  // ---- the webcam -----------------------------------------------------------------------------------------------

  const REFUSALS = {
    NotAllowedError: "The browser does not allow this page to use the webcam.",
    NotFoundError: "There is no webcam on this machine.",
    NotReadableError: "The webcam does not start; does another program use it?",
  };

  function stop() {
    for (const track of stream ? stream.getTracks() : []) track.stop();
    stream = null;
    tenViews.disabled = false;
    element("webcam").textContent = "Start the webcam";
  }

  async function start() {
    const mine = ++turn;
    status.textContent = "";
    const video = document.createElement("video");
    let opened;
    try {
      if (!navigator.mediaDevices) throw new DOMException("", "NotSupportedError");
      opened = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", width: { ideal: 640 } } });
      Object.assign(video, { srcObject: opened, muted: true, playsInline: true });
      await video.play();
    } catch (error) {
      status.textContent = REFUSALS[error.name] ?? `This browser gives no webcam to this page (${error.name}).`;
      return;
    }
    if (mine !== turn) return opened.getTracks().forEach((track) => track.stop());
    stream = opened;
    scale = 1;
    follow.checked = true;
    tenViews.disabled = true; // one view a frame
    element("webcam").textContent = "Stop the webcam";
    begin(video.videoWidth, video.videoHeight, true);
    let last = performance.now(), between = 0;
    while (stream === opened) {
      if (!opened.active) {
        stop();
        status.textContent = "The webcam has stopped.";
        break;
      }
      pixels.drawImage(video, 0, 0);
      const seen = await see(box, ONE, mine);
      if (!seen) break;
      if (follow.checked && !grip) {
        const next = around(seen.sets[0], set);
        box = next ?? inTheMiddle(0.7);
        showSquare();
      }
      showAnswer(seen);
      stage.ariaBusy = "false";
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      between = between ? 0.9 * between + 0.1 * (now - last) : now - last;
      last = now;
      const rate = (1000 / between).toFixed(0);
      element("times").textContent = `${seen.each.toFixed(1)} ms a view, ${rate} frames a second`;
    }
  }

  // ---- the reader's hand ----------------------------------------------------------------------------------------

  const inPhoto = (event) =>
    new DOMPoint(event.clientX, event.clientY).matrixTransform(marks.getScreenCTM().inverse());

  // The square, of this side, about a place; its middle stays in the photo.
  function put(x, y, side) {
    const clip = (value, most) => Math.min(most, Math.max(0, value));
    box = {
      left: Math.round(clip(x, photo.width) - side / 2), top: Math.round(clip(y, photo.height) - side / 2), side };
    showSquare();
  }

  const middle = () => [box.left + box.side / 2, box.top + box.side / 2];

  square.addEventListener("pointerdown", (event) => {
    const at = inPhoto(event), [x, y] = middle();
    grip = [at.x - x, at.y - y];
    square.setPointerCapture(event.pointerId);
    showNothing();
  });
  square.addEventListener("pointermove", (event) => {
    const at = inPhoto(event);
    if (grip) put(at.x - grip[0], at.y - grip[1], box.side);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    square.addEventListener(end, () => {
      grip = null;
      answer();
    });
  }
  square.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const [x, y] = middle(), far = Math.max(1, box.side / 40);
    put(x + far * step[0] * (stream ? -1 : 1), y + far * step[1], box.side);
    answer();
  });
  marks.addEventListener("click", (event) => {
    if (event.target === square) return;
    const at = inPhoto(event);
    put(at.x, at.y, box.side);
    answer();
  });
  size.addEventListener("input", () => {
    put(...middle(), Math.max(8, Math.round((size.value / 100) * shorter())));
    showNothing();
  });
  for (const input of [size, follow, tenViews]) input.addEventListener("change", answer);
  element("middle").addEventListener("click", () => {
    box = inTheMiddle(0.7);
    showSquare();
    answer();
  });

  // The name of the point that is nearest to the pointer, if one is near.
  marks.addEventListener("pointermove", (event) => {
    const at = inPhoto(event), name = element("name"), circles = [...element("points").children];
    const far = points.map(([x, y]) => Math.hypot(x + 0.5 - at.x, y + 0.5 - at.y));
    const nearest = far.indexOf(Math.min(...far));
    const near = !grip && nearest >= 0 && far[nearest] < box.side / 25;
    circles.forEach((circle, k) => circle.classList.toggle("named", near && k === nearest));
    name.hidden = !near;
    if (!near) return;
    const [x, y] = points[nearest].map((value) => (scale * (value + 0.5) - 0.5).toFixed(1));
    name.textContent = `${set.names[nearest].replaceAll("_", " ")}: x ${x}, y ${y} px`;
    name.style.top = `${event.clientY + 14}px`;
    name.style.left = `${Math.min(event.clientX + 14, document.documentElement.clientWidth - name.offsetWidth - 4)}px`;
  });
  marks.addEventListener("pointerleave", () => (element("name").hidden = true));

  element("webcam").addEventListener("click", () => (stream ? (stop(), turn++) : start()));
  element("file").addEventListener("change", ({ target }) => {
    if (target.files.length) open(target.files[0], target.files[0].name);
    target.value = "";
  });
  stage.addEventListener("dragover", (event) => {
    event.preventDefault();
    stage.classList.add("dropping");
  });
  for (const end of ["dragleave", "drop"]) stage.addEventListener(end, () => stage.classList.remove("dropping"));
  stage.addEventListener("drop", (event) => {
    event.preventDefault();
    const file = event.dataTransfer.files[0];
    if (file) open(file, file.name);
    else status.textContent = "That is no file; drop the file of a picture.";
  });

  // ---- what depends on the model --------------------------------------------------------------------------------

  [element("crop").width, element("crop").height] = [WIDTH, HEIGHT];
  if (model.sets.length > 1) {
    for (const each of model.sets) {
      const label = document.createElement("label"), input = document.createElement("input");
      Object.assign(input, { type: "radio", name: "try-set", checked: each === set });
      input.addEventListener("change", () => {
        set = each;
        answer();
      });
      label.append(input, `${each.names.length} points`);
      element("sets").append(label);
    }
  }
  Object.entries(model.examples).forEach(([name, address], number) => {
    const button = document.createElement("button"), image = document.createElement("img");
    Object.assign(image, { src: address, alt: `Example: ${name}` });
    const show = () => open(image, name);
    button.type = "button";
    button.addEventListener("click", show);
    button.append(image);
    element("examples").append(button);
    if (!number) image.decode().then(() => turn || show());
  });
})();
