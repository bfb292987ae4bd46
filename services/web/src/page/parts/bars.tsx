/** A figure over time in bars, newest at the right. Its numbers stand beside it in words; for a listener it is one sentence. */
export function Bars({ values, label, height = 72 }: { values: readonly number[]; label: string; height?: number }) {
  const most = Math.max(1, ...values)
  const width = 100 / Math.max(1, values.length)
  return (
    <svg className="bars" viewBox={`0 0 100 ${height}`} preserveAspectRatio="none" role="img" aria-label={label}>
      {values.map((value, index) => {
        const tall = (value / most) * (height - 2)
        return (
          <rect
            // oxlint-disable-next-line react/no-array-index-key -- a place in time is what the index is
            key={index}
            x={index * width + width * 0.12}
            width={width * 0.76}
            y={height - Math.max(tall, value > 0 ? 1.5 : 0.4)}
            height={Math.max(tall, value > 0 ? 1.5 : 0.4)}
            data-empty={value === 0}
          />
        )
      })}
    </svg>
  )
}
