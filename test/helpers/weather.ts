/** Hourly values of two days, as a recording would have them: a wave in temperature, a slow fall in pressure, a pause of five hours. */
export function weatherCsv(hours = 48): string {
  let text = 'date,pressure,temperature,wind\n';
  for (let hour = 0; hour < hours; hour += 1) {
    if (hour >= 20 && hour < 25) continue;
    const time = new Date(Date.UTC(2026, 9, 5, hour)).toISOString().slice(0, 19);
    text += `${time},${(1016 - hour / 10).toFixed(1)},${(10 + 5 * Math.sin(hour / 4)).toFixed(2)},${hour % 3 === 0 ? '' : (3 + (hour % 5)).toFixed(1)}\n`;
  }
  return text;
}
